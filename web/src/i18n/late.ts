import { addEnglish } from ".";
import { late } from "./en/late";

// Whoever uses one of these texts imports this file, which a unit test holds.
addEnglish(late);
