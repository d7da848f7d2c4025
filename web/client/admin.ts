/** Entry of the admin page: who is where, on which worker, and how good it is, looked at every two seconds. */
import { adminPage } from "./admin/page.ts";
import { listenToPreferences } from "./shared/preferences.ts";

adminPage();
listenToPreferences();
