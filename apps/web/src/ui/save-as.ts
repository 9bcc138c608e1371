/** Hands something over as a file of the device. Nothing leaves the device by it. */
export function saveAs(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Browsers read it after this has ended.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
