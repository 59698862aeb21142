import { lazy, Suspense } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { StorePage } from "../pages/store/StorePage";
import { Empty, Loading } from "../ui/states";
import { Toasts } from "../ui/toasts";
import { ExpiredSession } from "./ExpiredSession";
import { RouteError } from "./RouteError";
import { useTitle } from "./title";
import { Shell } from "./Shell";

const PetPage = lazy(() => import("../pages/store/PetPage"));
const OrdersPage = lazy(() => import("../pages/orders/OrdersPage"));
const OrderPage = lazy(() => import("../pages/orders/OrderPage"));
const OperationsPage = lazy(() => import("../pages/operations/OperationsPage"));
const LabPage = lazy(() => import("../pages/lab/LabPage"));
const WebhooksPage = lazy(() => import("../pages/webhooks/WebhooksPage"));
const ChatPage = lazy(() => import("../pages/chat/ChatPage"));
const SignInPage = lazy(() => import("../pages/sign-in/SignInPage"));
const CallbackPage = lazy(() => import("../pages/sign-in/CallbackPage"));

function NoSuchPage() {
  useTitle("No such page");
  return (
    <>
      <h1>There is no such page</h1>
      <Empty title="Nothing stands at this address">
        <Link className="button primary" href="/">
          Look at the pets
        </Link>
      </Empty>
    </>
  );
}

export function App() {
  const [location] = useLocation();
  return (
    <Shell>
      <RouteError at={location}>
        <Suspense fallback={<Loading lines={4} height="4rem" />}>
          <Switch>
            <Route path="/" component={StorePage} />
            <Route path="/pets/:id">{({ id }) => <PetPage key={id} id={id} />}</Route>
            <Route path="/orders" component={OrdersPage} />
            <Route path="/orders/:id">{({ id }) => <OrderPage key={id} id={id} />}</Route>
            <Route path="/operations" component={OperationsPage} />
            <Route path="/lab" component={LabPage} />
            <Route path="/webhooks" component={WebhooksPage} />
            <Route path="/chat" component={ChatPage} />
            <Route path="/sign-in" component={SignInPage} />
            <Route path="/sign-in/callback" component={CallbackPage} />
            <Route component={NoSuchPage} />
          </Switch>
        </Suspense>
      </RouteError>
      <ExpiredSession />
      <Toasts />
    </Shell>
  );
}
