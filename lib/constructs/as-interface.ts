/**
 * Classes of the CDK say of optional members that they may be `undefined`, their interfaces that they may be missing. Under
 * exactOptionalPropertyTypes these differ; nothing else is let through here.
 */
type OrUndefined<I> = { readonly [K in keyof I]?: I[K] | undefined };

export const asInterface = <I>(made: OrUndefined<I>): I => made as I;
