declare module "mnist" {
  /** By digit, 0 to 9. */
  const digits: readonly {
    /** Pixels 0..1 of all pictures of the digit, 28 by 28 each, one after the other. */
    readonly raw: readonly number[];
  }[];
  export default digits;
}
