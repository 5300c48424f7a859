/// <reference types="@webgpu/types" />
/** Counts the GPU buffers that JavaScript makes and destroys; call it before anything makes one. */
export function countGpuBuffers(): () => number | undefined {
  if (globalThis.GPUDevice === undefined) return () => undefined;
  const live = new Set<GPUBuffer>();
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    live.delete(this);
    return destroy.call(this);
  };
  return () => live.size;
}
