export * from "./animation.js";
export * from "./still.js";
export type { PlanStory, StoryPlan } from "./story.js";
