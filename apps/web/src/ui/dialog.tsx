import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useI18n } from '#web/i18n';
import { Button } from './basics';
import { Form } from './form';
import { Icon, type IconName } from './icons';

/**
 * Something over the page that wants an answer first. The browser's own dialog: it holds the focus and gives it back. Rendered
 * only while it is open. `onClose` is called when it is left by Escape or its cross; without it, it can't be left.
 */
export function Dialog({
  title,
  children,
  onClose,
  sheet = false,
}: {
  title: string;
  children: ReactNode;
  onClose?: (() => void) | undefined;
  /** On the side of the window instead of in the middle. */
  sheet?: boolean;
}) {
  const { t } = useI18n();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    // React renders it closed; only opened by call does it keep the rest of the page out of reach.
    if (!element.open) element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        // Escape in a file chooser bubbles up to here; it is not for us.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose?.();
      }}
      className={
        sheet
          ? 'ms-auto me-0 h-dvh max-h-none w-80 max-w-[90vw] bg-panel p-4 shadow-2xl'
          : 'm-auto w-[min(32rem,calc(100vw-1.5rem))] rounded-xl bg-panel p-5 shadow-2xl'
      }
    >
      <div className="mb-3 flex items-start justify-between gap-3">
        <h2 id={id}>{title}</h2>
        {onClose && (
          <button
            type="button"
            onClick={onClose}
            aria-label={t('common.close')}
            className="-m-2 grid size-11 place-items-center rounded-lg hover:bg-sunken"
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {children}
    </dialog>
  );
}

/** A button that opens a small form over the page. It closes when what it does is done; what was typed stays when it is refused. */
export function FormDialog({
  label,
  title = label,
  icon,
  look = 'secondary',
  className = 'whitespace-nowrap',
  lead,
  submit,
  onSubmit,
  children,
}: {
  /** On the button. */
  label: string;
  /** Of the dialog, where the button says less. */
  title?: string;
  icon?: IconName;
  look?: 'primary' | 'secondary' | 'quiet' | 'danger';
  /** Of the button. */
  className?: string;
  /** Before the form. */
  lead?: ReactNode;
  /** On the form's own button: the deed. */
  submit: string;
  onSubmit: (values: Record<string, string>, data: FormData) => Promise<unknown>;
  children?: ReactNode;
}) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button look={look} className={className} {...(icon && { icon })} onClick={() => setOpen(true)}>
        {label}
      </Button>
      {open && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          {lead}
          <Form
            submit={submit}
            look={look === 'danger' ? 'danger' : 'primary'}
            onSubmit={(values, data) => onSubmit(values, data).then(() => setOpen(false))}
            actions={<Button onClick={() => setOpen(false)}>{t('common.cancel')}</Button>}
          >
            {children}
          </Form>
        </Dialog>
      )}
    </>
  );
}

/**
 * A button whose deed is asked about before it is done. `question` says what will happen and whether it can be undone; `fields`
 * may ask for a reason.
 */
export function Confirm({
  label,
  title,
  question,
  confirm,
  fields,
  look = 'secondary',
  onConfirm,
}: {
  /** On the button. */
  label: string;
  title: string;
  question: ReactNode;
  /** On the button of the dialog: the deed, not "OK". */
  confirm: string;
  fields?: ReactNode;
  look?: 'secondary' | 'danger' | 'quiet';
  onConfirm: (values: Record<string, string>) => Promise<unknown>;
}) {
  return (
    <FormDialog
      label={label}
      title={title}
      look={look}
      className=""
      lead={<div className="mb-4">{question}</div>}
      submit={confirm}
      onSubmit={onConfirm}
    >
      {fields}
    </FormDialog>
  );
}
