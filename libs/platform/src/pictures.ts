import exif from 'exif-reader';
import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';

// Nothing but photographs is decoded: not SVG, which loads what it names, nor any of the forty other formats.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });
// Each picture is another: what is kept in between is only memory.
sharp.cache(false);

/** Pixels a picture may have: twice what the largest phone takes; a bomb says it has more. */
const MOST_PIXELS = 128_000_000;
/** Longest edge that is kept: legible on paper, a tenth of the bytes. */
const LONGEST_EDGE = 4096;
const THUMBNAIL_EDGE = 320;

/** Why a picture can't be decoded. */
export class UnreadablePictureError extends Error {
  constructor(
    readonly why: 'too-many-pixels' | 'damaged',
    cause: unknown,
  ) {
    super(why === 'damaged' ? 'The picture is damaged or not whole.' : 'The picture has too many pixels.', {
      cause,
    });
    this.name = 'UnreadablePictureError';
  }
}

/** A picture as it is kept: without whatever the camera wrote into it. */
export interface Picture {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  /** WebP. */
  readonly thumbnail: Buffer;
  /** Where it was taken, if the camera said so. */
  readonly place: { readonly lat: number; readonly lon: number } | null;
}

/** The media type of a file by what is in it, whatever its name says; undefined where it shows none. */
export const mediaTypeOf = async (bytes: Uint8Array): Promise<string | undefined> =>
  (await fileTypeFromBuffer(bytes).catch(() => undefined))?.mime;

const opened = (bytes: Uint8Array) =>
  sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'truncated', sequentialRead: true });

/** Reads a picture to its end, at a fraction of its size. @throws UnreadablePictureError */
export async function checkPicture(bytes: Uint8Array): Promise<void> {
  await reading(() => opened(bytes).resize(64, 64, { fit: 'inside' }).raw().toBuffer());
}

/** Makes of a picture what is kept of it, upright, in the format it has. @throws UnreadablePictureError */
export async function developPicture(bytes: Uint8Array): Promise<Picture> {
  return reading(async () => {
    const { exif: written, format } = await opened(bytes).metadata();
    const upright = opened(bytes)
      .autoOrient()
      .resize(LONGEST_EDGE, LONGEST_EDGE, { fit: 'inside', withoutEnlargement: true });
    const kept = await (
      format === 'png'
        ? upright.png()
        : format === 'webp'
          ? upright.webp({ quality: 85 })
          : upright.jpeg({ quality: 85 })
    ).toBuffer({ resolveWithObject: true });
    const thumbnail = await opened(kept.data)
      .resize(THUMBNAIL_EDGE, THUMBNAIL_EDGE, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 70 })
      .toBuffer();
    return {
      bytes: kept.data,
      width: kept.info.width,
      height: kept.info.height,
      thumbnail,
      place: placeIn(written),
    };
  });
}

async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const bomb = /pixel limit|exceeds|too (large|big)/i.test((error as Error).message);
    throw new UnreadablePictureError(bomb ? 'too-many-pixels' : 'damaged', error);
  }
}

/** Where a picture was taken, from its EXIF; null unless it says so in full. */
function placeIn(written: Buffer | undefined): Picture['place'] {
  if (!written) return null;
  try {
    const { GPSLatitude, GPSLongitude, GPSLatitudeRef, GPSLongitudeRef } = exif(written).GPSInfo ?? {};
    const lat = degrees(GPSLatitude, GPSLatitudeRef === 'S');
    const lon = degrees(GPSLongitude, GPSLongitudeRef === 'W');
    return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
  } catch {
    return null; // nothing is lost: the picture itself is whole
  }
}

/** Degrees, minutes and seconds as a number; NaN where they are none. */
function degrees(parts: readonly number[] | undefined, negative: boolean): number {
  const [whole = NaN, minutes = 0, seconds = 0] = parts ?? [];
  return (whole + minutes / 60 + seconds / 3600) * (negative ? -1 : 1);
}
