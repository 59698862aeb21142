import { Component, type ReactNode } from "react";
import { Failed } from "../ui/states";

interface State {
  error: unknown;
}

/** A page whose code could not be fetched, or that failed: said on the page, with a way on. */
export class RouteError extends Component<{ children: ReactNode }, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render() {
    return this.state.error === undefined ? this.props.children : <Failed error={this.state.error} retry={() => location.reload()} />;
  }
}
