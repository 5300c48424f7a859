import { mazes } from "@diffusion-forcing/tasks/maze2d";
import { describe, expect, it } from "vitest";
import { drawFrame, renderAnimation } from "./animation.js";
import type { PlanStory } from "./story.js";
import type { DriveFrame } from "./timeline.js";

const plan = Float32Array.of(3, 1, 3, 2, 3, 3, 2, 3, 1, 3, 1, 2, 1, 1);
const story: PlanStory = {
  maze: mazes.umaze,
  start: [3, 1],
  goal: [1, 1],
  denoising: [Float32Array.of(0, 4, 4, 0, 1, 3, 0, 0, 4, 4, 1, 0, 3, 0), plan],
  drive: plan,
  plans: [{ step: 4, positions: plan }],
  reachedAt: 6,
};

describe("renderAnimation", () => {
  it("makes an endless GIF of the whole story", () => {
    const gif = renderAnimation(story, { size: 96, fps: 10 });
    const { width, height, delays } = readGif(gif);
    expect([width, height]).toEqual([96, 96]);
    // 38 frames of denoising, one for each of 7 steps; in hundredths of a second.
    expect(delays).toEqual([35, ...new Array(36).fill(10), 90, ...new Array(6).fill(10), 170]);
    expect(Buffer.from(gif).includes("NETSCAPE2.0\x03\x01\x00\x00\x00", 0, "latin1")).toBe(true);
  });

  it("is 440 pixels wide and makes the same bytes of the same story", () => {
    const short = { ...story, denoising: [plan] };
    const gif = renderAnimation(short);
    expect(readGif(gif).width).toBe(440);
    expect(Buffer.from(gif).equals(renderAnimation(short))).toBe(true);
  });

  it("refuses options out of range and a story that cannot be drawn", () => {
    expect(() => renderAnimation(story, { fps: 0 })).toThrow("fps is 0: pass a number from 1 to 50");
    expect(() => renderAnimation(story, { size: Number.NaN })).toThrow("size is NaN: pass a number from 64 to 2048");
    expect(() => renderAnimation({ ...story, denoising: [] })).toThrow("denoising is empty");
  });
});

describe("drawFrame", () => {
  const drive: DriveFrame = { kind: "drive", step: 2, plan: -1, planAge: 0, reachedAge: undefined, milliseconds: 50 };

  it("interpolates between two states of denoising", () => {
    const halfway = drawFrame(story, { kind: "denoising", at: 0.5, milliseconds: 50 });
    // The first dot lies between (0, 4) and (3, 1): at (1.5, 2.5).
    expect(halfway).toContain('<circle cx="104.8" cy="64.8" r="3" fill="#6852be"');
  });

  it("shows a new plan at full strength and fades it", () => {
    expect(drawFrame(story, drive)).not.toContain(' opacity="');
    expect(drawFrame(story, { ...drive, planAge: 7 })).toContain(' opacity="0.32"');
    expect(drawFrame(story, { ...drive, planAge: 30 })).toContain(' opacity="0.32"');
  });

  it("marks where it planned anew, from then on", () => {
    const mark = '<circle cx="124.8" cy="44.8" r="3" ';
    expect(drawFrame(story, { ...drive, step: 3 })).not.toContain(mark);
    expect(drawFrame(story, { ...drive, step: 4, plan: 0 })).toContain(mark);
  });

  it("fills the goal when it is reached and sends out one wave", () => {
    expect(drawFrame(story, drive)).toContain('fill-opacity="0.14"');
    const reached = drawFrame(story, { ...drive, reachedAge: 0 });
    expect(reached).toContain('fill-opacity="0.42"');
    expect(reached).toContain('r="20" fill="none"');
    expect(drawFrame(story, { ...drive, reachedAge: 7 })).not.toContain('<circle cx="44.8" cy="44.8" r="42"');
  });
});

/** Size and delays of a GIF, by walking its blocks. */
function readGif(bytes: Uint8Array): { width: number; height: number; delays: number[] } {
  const gif = Buffer.from(bytes);
  expect(gif.subarray(0, 6).toString()).toBe("GIF89a");
  const delays: number[] = [];
  let at = 13 + 3 * 2 ** ((gif[10]! & 7) + 1); // header, screen, global palette
  while (gif[at] !== 0x3b) {
    if (gif[at] === 0x21) {
      if (gif[at + 1] === 0xf9) delays.push(gif.readUInt16LE(at + 4));
      at += 2;
    } else {
      expect(gif[at]).toBe(0x2c);
      at += 11; // image descriptor, code size
    }
    while (gif[at] !== 0) at += gif[at]! + 1;
    at++;
  }
  expect(at).toBe(gif.length - 1);
  return { width: gif.readUInt16LE(6), height: gif.readUInt16LE(8), delays };
}
