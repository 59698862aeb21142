import { Component, type ReactNode } from "react";
import { Failed } from "../ui/states";

interface Props {
  /** The path that is shown: another one is another try. */
  at: string;
  children: ReactNode;
}

interface State {
  failed: boolean;
}

const words = new Error("This page did not come, or broke. The server may be away, or have newer pages than these.");

/** A page whose code could not be fetched, or that failed: said on the page, with a way on; other pages go on. */
export class RouteError extends Component<Props, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override componentDidUpdate({ at }: Props): void {
    if (at !== this.props.at && this.state.failed) this.#again();
  }

  #again = (): void => this.setState({ failed: false });

  /** Code that did not come once is asked for only by a new beginning; without a server that would be the end of all pages. */
  #retry = (): void => {
    void fetch("/", { method: "HEAD" }).then(() => location.reload(), this.#again);
  };

  override render() {
    return this.state.failed ? <Failed error={words} retry={this.#retry} /> : this.props.children;
  }
}
