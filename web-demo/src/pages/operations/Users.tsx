import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api, take } from "../../api/client";
import { useSession } from "../../api/session";
import type { User } from "../../api/types";
import { queries } from "../../app/queries";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { TextField } from "../../ui/Field";
import { dayOf } from "../../ui/format";
import { Empty, Failed, Loading } from "../../ui/states";
import { Badge } from "../../ui/Status";
import { tell, tellError } from "../../ui/toasts";

const perPage = 20;
const lookAgainMs = 5_000;

async function setStatus(user: User, status: "ACTIVE" | "SUSPENDED", reason: string): Promise<void> {
  try {
    const body = { status, ...(reason ? { reason } : {}) };
    await take(api.PATCH("/v1/admin/users/{id}/status", { params: { path: { id: user.id } }, body }));
    tell("good", `${user.username} is ${status.toLowerCase()}.`);
  } catch (error) {
    tellError(error);
  }
  await queries.invalidateQueries({ queryKey: ["users"] });
}

function Suspend({ user, onClose }: { user: User; onClose: () => void }) {
  const [reason, setReason] = useState("");
  return (
    <Dialog open title={`Suspend ${user.username}?`} onClose={onClose}>
      <p>All tokens and live connections of this user end at once.</p>
      <TextField label="Reason (for the audit log)" maxLength={500} value={reason} onChange={({ target }) => setReason(target.value)} />
      <div className="dialog-foot">
        <Button onClick={onClose}>Back</Button>
        <Button
          kind="danger"
          onClick={() => {
            void setStatus(user, "SUSPENDED", reason.trim());
            onClose();
          }}
        >
          Suspend
        </Button>
      </div>
    </Dialog>
  );
}

export default function Users() {
  const who = useSession();
  const [typed, setTyped] = useState("");
  const [page, setPage] = useState(1);
  const [suspending, setSuspending] = useState<User>();
  const q = useDeferredValue(typed.trim());
  const { data, error, refetch } = useQuery({
    queryKey: ["users", q, page],
    queryFn: ({ signal }) => take(api.GET("/v1/admin/users", { params: { query: { ...(q ? { q } : {}), page, limit: perPage } }, signal })),
    placeholderData: keepPreviousData,
    // Users are on no channel: while the page is seen, it looks again.
    refetchInterval: lookAgainMs,
  });
  return (
    <div className="stack panel">
      <TextField label="Find users by name or e-mail" type="search" maxLength={100} value={typed} onChange={({ target }) => (setTyped(target.value), setPage(1))} />
      {error && !data && <Failed error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading lines={6} />}
      {data?.data.length === 0 && <Empty icon="search" title="Nobody is called that" />}
      {data && data.data.length > 0 && (
        <div className="table-wrap" tabIndex={0} role="region" aria-label="Users">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">User</th>
                <th scope="col">E-mail</th>
                <th scope="col">Roles</th>
                <th scope="col">Since</th>
                <th scope="col">Status</th>
                <th scope="col">
                  <span className="visually-hidden">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.data.map((user) => (
                <tr key={user.id}>
                  <th scope="row">{user.username}</th>
                  <td>{user.email}</td>
                  <td>{user.roles?.join(", ").toLowerCase()}</td>
                  <td>{dayOf(user.createdAt)}</td>
                  <td>{user.status && <Badge name={user.status} />}</td>
                  <td className="end">
                    {user.id !== who?.user.id &&
                      (user.status === "SUSPENDED" ? (
                        <Button compact aria-label={`Activate ${user.username}`} onClick={() => void setStatus(user, "ACTIVE", "")}>
                          Activate
                        </Button>
                      ) : (
                        <Button compact kind="quiet" aria-label={`Suspend ${user.username}`} onClick={() => setSuspending(user)}>
                          Suspend
                        </Button>
                      ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && data.pagination.totalPages > 1 && (
        <nav className="pager" aria-label="Pages of users">
          <Button icon="back" disabled={page === 1} onClick={() => setPage(page - 1)}>
            Previous
          </Button>
          <span className="small number">
            Page {page} of {data.pagination.totalPages}
          </span>
          <Button disabled={page >= data.pagination.totalPages} onClick={() => setPage(page + 1)}>
            Next
          </Button>
        </nav>
      )}
      {suspending && <Suspend user={suspending} onClose={() => setSuspending(undefined)} />}
    </div>
  );
}
