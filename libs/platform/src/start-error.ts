/** Something the person who starts the product can mend. The message is one whole sentence, shown without a stack. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}

/** The sentence for a full disk, or undefined when the error is another one. */
export function diskFullSentence(error: unknown, folder: string): string | undefined {
  const text =
    error instanceof Error
      ? `${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`
      : String(error);
  return /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i.test(text)
    ? `There is no space left on the disk that holds ${folder}: free some space and start again.`
    : undefined;
}
