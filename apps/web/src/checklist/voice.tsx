import { useEffect, useRef, useState } from 'react';
import { useI18n } from '#web/i18n';
import { Icon } from '#web/ui/icons';

/** What browsers that listen have of the Web Speech API; the types of browsers don't know it. */
interface Listener {
  lang: string;
  continuous: boolean;
  onresult: (event: {
    results: ArrayLike<ArrayLike<{ transcript: string }> & { isFinal: boolean }>;
    resultIndex: number;
  }) => void;
  onend: () => void;
  start(): void;
  stop(): void;
}
const made = globalThis as unknown as Record<string, (new () => Listener) | undefined>;
const Recognition = made['SpeechRecognition'] ?? made['webkitSpeechRecognition'];

/** Writes down what is said, where the browser can. Most send the sound to their maker for it: so it says that. */
export function Voice({ onText }: { onText: (text: string) => void }) {
  const { t, intl } = useI18n();
  const [on, setOn] = useState(false);
  const listener = useRef<Listener | null>(null);
  const heard = useRef(onText);
  useEffect(() => {
    heard.current = onText;
  });
  useEffect(() => () => listener.current?.stop(), []);
  if (!Recognition) return null;
  const toggle = (): void => {
    if (on) return listener.current?.stop();
    const recognition = new Recognition();
    recognition.lang = intl.split('-u-')[0]!;
    recognition.continuous = true;
    recognition.onresult = ({ results, resultIndex }) => {
      for (const each of Array.from(results).slice(resultIndex))
        if (each.isFinal && each[0]) heard.current(each[0].transcript.trim());
    };
    recognition.onend = () => setOn(false);
    listener.current = recognition;
    recognition.start();
    setOn(true);
  };
  return (
    <button
      type="button"
      aria-pressed={on}
      title={t('checklist.voice.hint')}
      onClick={toggle}
      className="flex min-h-9 items-center gap-1 rounded-lg px-2 text-sm text-link hover:bg-sunken aria-pressed:bg-critical-bg aria-pressed:text-critical"
    >
      <Icon name="mic" size={18} />
      {t(on ? 'checklist.voice.stop' : 'checklist.voice.start')}
    </button>
  );
}
