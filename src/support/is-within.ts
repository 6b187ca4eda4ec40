/** Whether a path is the folder or lies below it: by their text, so both must be absolute, normal and without links. Pure. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
