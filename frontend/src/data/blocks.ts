/** Data blocks of the page: Base64 of gzip of JSON in script elements of a data type. */

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < binary.length; place++) bytes[place] = binary.charCodeAt(place);
  return bytes;
}

export async function decoded(base64: string): Promise<unknown> {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

export function hasBlock(name: string): boolean {
  return document.getElementById(name) !== null;
}

/** The content of a block. Throws if the page has no block of that name. */
export async function readBlock<T>(name: string): Promise<T> {
  const element = document.getElementById(name);
  if (!element) throw new Error(`the page has no block ${name}`);
  return (await decoded(element.textContent ?? "")) as T;
}
