/** (module (func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))) */
const relaxedMultiplyAdd = "0061736d01000000 01060160017b017b 03020100 0a0d010b00200020002000fd85020b";

/** Whether this engine has f32x4.relaxed_madd: Node 22, Chrome 114 and newer do. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(Uint8Array.from(relaxedMultiplyAdd.match(/\w\w/g)!, (byte) => parseInt(byte, 16)));
}
