/* What the speech worker needs of WebAssembly; TypeScript declares it only for browsers. */
declare namespace WebAssembly {
  type Module = object;
  type Instance = object;
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: object): Promise<Instance>;
}
