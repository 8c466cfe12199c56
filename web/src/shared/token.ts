/** The secret in the address of a shared page. */
export const tokenOf = (path: string): string | undefined => /^\/s\/([\w-]+)\/?$/.exec(path)?.[1];
