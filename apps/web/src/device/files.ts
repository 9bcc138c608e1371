import { type Device, newId } from './store';
import { sha256Of } from './upload';

/** The longest side of the small picture that pages show, in pixels. */
const SMALL = 320;

/** Keeps a file on the device, by what is in it. Resolves when it is on the disk. @throws a DOMException when there is no room */
export async function keepFile(
  device: Device,
  assessmentId: string,
  requirement: string | null,
  file: File,
  caption: string | null = null,
): Promise<void> {
  const bytes = await file.arrayBuffer();
  const sha256 = await sha256Of(bytes);
  await device.addFile(
    {
      id: newId(),
      person: device.person,
      assessmentId,
      requirement,
      sha256,
      size: bytes.byteLength,
      type: file.type,
      name: file.name || 'photo',
      caption,
      capturedAt: new Date(file.lastModified || Date.now()).toISOString(),
      thumbnail: await small(file),
      state: 'waiting',
      evidenceId: null,
      trouble: null,
    },
    bytes,
  );
}

/** A small JPEG of a picture; null of what this browser can't draw. */
async function small(file: Blob): Promise<ArrayBuffer | null> {
  if (!file.type.startsWith('image/')) return null;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SMALL / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.7));
    return blob ? await blob.arrayBuffer() : null;
  } catch {
    return null;
  }
}

/** Room on the device, as the browser tells; nulls where it doesn't. */
export async function room(): Promise<{ used: number; quota: number; safe: boolean } | null> {
  const storage = navigator.storage as StorageManager | undefined;
  if (!storage?.estimate) return null;
  const [{ usage = 0, quota = 0 }, safe] = await Promise.all([
    storage.estimate(),
    storage.persisted?.() ?? false,
  ]);
  return { used: usage, quota, safe };
}
