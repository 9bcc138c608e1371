declare module 'virtual:messages' {
  const loaders: Record<string, () => Promise<{ default: Record<string, string | unknown[]> }>>;
  export default loaders;
}
