import type { components } from "../generated/rest";

type Schemas = components["schemas"];

export type Pet = Schemas["Pet"];
export type Species = Schemas["Species"];
export type PetStatus = Schemas["PetStatus"];
export type Order = Schemas["Order"];
export type OrderStatus = Schemas["OrderStatus"];
export type OrderPayment = Schemas["OrderPayment"];
export type Inventory = Schemas["Inventory"];
export type User = Schemas["User"];
export type AuditLog = Schemas["AuditLog"];
export type DashboardStats = Schemas["DashboardStats"];
export type WebhookEndpoint = Schemas["WebhookEndpoint"];
export type Delivery = Schemas["Delivery"];
export type Attempt = Schemas["Attempt"];
