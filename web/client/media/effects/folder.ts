/** Where the build puts models and worklets (build.mjs). */
export const FOLDER = "/static/app/effects";
