import { type ReactNode, useState } from 'react';
import { useI18n } from '#web/i18n';
import { Button } from './basics';
import { Dialog } from './dialog';
import { Form } from './form';
import type { IconName } from './icons';

/** A button that opens a small form over the page. It closes when what it does is done; what was typed stays when it is refused. */
export function FormDialog({
  label,
  title = label,
  icon,
  look = 'secondary',
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
  /** On the form's own button: the deed. */
  submit: string;
  onSubmit: (values: Record<string, string>, data: FormData) => Promise<unknown>;
  children: ReactNode;
}) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button look={look} className="whitespace-nowrap" {...(icon && { icon })} onClick={() => setOpen(true)}>
        {label}
      </Button>
      {open && (
        <Dialog title={title} onClose={() => setOpen(false)}>
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
