export * from "./animation.js";
export * from "./still.js";
export * from "./story.js";
export * from "./story-recorder.js";
