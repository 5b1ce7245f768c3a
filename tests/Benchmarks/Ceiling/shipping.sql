CREATE TABLE shipments (
    order_id uuid CONSTRAINT pk_shipments PRIMARY KEY,
    id uuid NOT NULL,
    status varchar(20) NOT NULL,
    lines jsonb NOT NULL,
    shipping_address jsonb NOT NULL,
    tracking_number varchar(100),
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    version integer NOT NULL);
CREATE UNIQUE INDEX ix_shipments_id ON shipments (id);
CREATE INDEX ix_shipments_next_attempt_at ON shipments (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
