import type { Utm } from "../api/types";
import { Field } from "../design/Field";
import { UTM, type UtmField } from "./utm";

interface Properties {
  utm: Utm;
  onUtm: (utm: Utm) => void;
  errorOf: (field: UtmField) => string | undefined;
}

/** The five campaign parameters. */
export function UtmFields({ utm, onUtm, errorOf }: Properties) {
  return UTM.map((field) => (
    <Field
      key={field}
      label={`utm_${field}`}
      value={utm[field] ?? ""}
      onValue={(value) => onUtm({ ...utm, [field]: value })}
      error={errorOf(field)}
      mono
    />
  ));
}
