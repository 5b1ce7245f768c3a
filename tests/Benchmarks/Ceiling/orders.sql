CREATE TABLE orders (
    id uuid CONSTRAINT pk_orders PRIMARY KEY,
    customer_id varchar(64) NOT NULL,
    status varchar(20) NOT NULL,
    lines jsonb NOT NULL,
    shipping_address jsonb NOT NULL,
    placed_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    rejection jsonb,
    cancellation jsonb,
    shipment jsonb,
    version integer NOT NULL);
CREATE INDEX ix_orders_customer_id_id ON orders (customer_id, id);
CREATE INDEX ix_orders_status_id ON orders (status, id);
