import { ApiProblem, NoConnection, type Problem, QUIET_DEADLINE } from '#web/api/client';

/** SHA-256 of a file, in hex: what the server knows it by. */
export async function sha256Of(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((each) => each.toString(16).padStart(2, '0')).join('');
}

/** Sends bytes from where they stopped (tus). */
export async function upload(
  content: Blob,
  uploadUrl: string,
  onProgress: (there: number) => void,
): Promise<void> {
  const { DetailedError, Upload } = await import('tus-js-client');
  await new Promise<void>((done, fail) => {
    let watch: ReturnType<typeof setTimeout>;
    /** A line that has died silently is given up, so that it goes on over the next. */
    const alive = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        void sending.abort();
        fail(new NoConnection('nothing moved'));
      }, QUIET_DEADLINE);
    };
    const sending = new Upload(content, {
      uploadUrl,
      retryDelays: [0, 1000, 3000],
      // Where it is, the server says; nothing needs to be remembered.
      storeFingerprintForResuming: false,
      onProgress: (there) => {
        alive();
        onProgress(there);
      },
      onSuccess: () => {
        clearTimeout(watch);
        done();
      },
      onError: (error) => {
        clearTimeout(watch);
        const response = error instanceof DetailedError ? error.originalResponse : null;
        if (!response || [0, 502, 504].includes(response.getStatus())) return fail(new NoConnection(error));
        let said: Partial<Problem> = {};
        try {
          said = JSON.parse(response.getBody()) as Partial<Problem>;
        } catch {
          // Answers to HEAD have no body.
        }
        const status = response.getStatus();
        const code = status === 404 ? 'upload-not-found' : status === 401 ? 'sign-in-required' : 'refused';
        fail(
          new ApiProblem({ type: 'about:blank', title: code, status, code, instance: uploadUrl, ...said }),
        );
      },
    });
    alive();
    sending.start();
  });
}
