/** Digest realm of phones (RFC 8760); part of every stored HA1. */
export const realm = 'chartline';
