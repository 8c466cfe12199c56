import type { Scope } from "../api/types";
import { Check } from "../design/Field";
import { t } from "../i18n";

const SCOPES = [
  "links:read",
  "links:write",
  "analytics:read",
  "workspace:read",
  "workspace:write",
  "members:read",
  "members:write",
  "keys:read",
  "keys:write",
  "audit:read",
  "events:read",
] as const satisfies Scope[];

/** What these scopes allow, in words. */
export const scopesSaid = (scopes: Scope[]) => scopes.map((scope) => t(`scope.${scope}` as "scope.links")).join(" · ");

interface Properties {
  label: string;
  scopes: Scope[];
  onScopes: (scopes: Scope[]) => void;
  error: string | undefined;
}

/** Chooses what a key or a program may do. */
export function ScopeChecks({ label, scopes, onScopes, error }: Properties) {
  return (
    <fieldset className="stack-s">
      <legend className="label">{label}</legend>
      {SCOPES.map((scope) => (
        <Check
          key={scope}
          label={t(`scope.${scope}` as "scope.links")}
          checked={scopes.includes(scope)}
          onChecked={(on) => onScopes(SCOPES.filter((other) => (other === scope ? on : scopes.includes(other))))}
        />
      ))}
      {error && <span className="error-text">{error}</span>}
    </fieldset>
  );
}
