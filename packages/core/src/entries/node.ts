/** What needs Node: bundles in folders. */
export { folderStore } from "../node/folder-store.js";
