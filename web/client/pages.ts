/** Entry of all pages but the map and the meeting: finds out which one this is. */
import { authPage } from "./pages/auth.ts";
import { dashboardPage } from "./pages/dashboard.ts";
import { landingPage } from "./pages/landing.ts";
import { listenToPreferences } from "./shared/preferences.ts";

const START: Record<string, () => void> = {
  landing: landingPage,
  login: () => authPage("/api/auth/login"),
  signup: () => authPage("/api/auth/signup"),
  dashboard: dashboardPage,
};

START[document.body.dataset["page"] ?? ""]?.();
listenToPreferences();
