/** The part of the library that is about values: without its streams and services, half of it. */
declare module 'avsc/lib/types.js' {
  import type avsc from 'avsc';

  const types: { readonly Type: typeof avsc.Type; readonly builtins: typeof avsc.types };
  export default types;
}
