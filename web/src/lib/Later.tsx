import { Component, type ReactNode, Suspense } from "react";
import { missScript } from "./server";

interface Properties {
  fallback?: ReactNode;
  children: ReactNode;
}

/**
 * What comes when it is needed. Where its script is gone, because the server has another version by now, the page says so and stays as
 * it is.
 */
export class Later extends Component<Properties, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    if (isMissingScript(error)) missScript();
    else throw error;
  }

  override render() {
    if (this.state.failed) return null;
    return <Suspense fallback={this.props.fallback}>{this.props.children}</Suspense>;
  }
}

/** Whether a part of the dashboard could not be loaded; browsers have no code for that. */
export function isMissingScript(error: unknown): boolean {
  return error instanceof TypeError && /dynamically imported module|importing a module script/i.test(error.message);
}
