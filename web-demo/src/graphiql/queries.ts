import type { GraphiQLProps } from "graphiql";

/** The tabs of a first visit; GraphiQL keeps what the visitor makes of them in localStorage. */
export const defaultTabs: NonNullable<GraphiQLProps["defaultTabs"]> = [
  {
    query: `# Anyone may read the pets.
query AvailablePets {
  pets(status: AVAILABLE, limit: 5) {
    id
    name
    species
    breed
    ageMonths
    price
    currency
    status
  }
}
`,
  },
  {
    query: `# Put the id of an AVAILABLE pet into Variables.
#
# Without a login the order is anonymous. To make it
# yours, sign in by the first button of the toolbar,
# or put a token into Headers:
# {"Authorization": "Bearer TOKEN"}
mutation PlaceOrder($petId: ID!) {
  placeOrder(input: { petId: $petId }) {
    order {
      id
      petId
      userId
      status
      totalAmount
      currency
      createdAt
    }
    userErrors {
      code
      message
      field
    }
  }
}
`,
    variables: JSON.stringify({ petId: "" }, null, 2),
  },
  {
    query: `# Start this, then order a pet elsewhere.
#
# For the topics orders and payments, sign in
# first: staff see all, users their own.
subscription LiveEvents($topics: [String!]!, $after: Cursor) {
  events(topics: $topics, after: $after) {
    eventId
    eventType
    timestamp
    cursor
    data
  }
}
`,
    variables: JSON.stringify({ topics: ["pets"] }, null, 2),
  },
];
