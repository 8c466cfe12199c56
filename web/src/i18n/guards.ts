import { addEnglish } from ".";
import { guards } from "./en/guards";

// Whoever uses one of these texts imports this file, which a unit test holds.
addEnglish(guards);
