CREATE TABLE stock (
    sku varchar(64) COLLATE "C" CONSTRAINT pk_stock PRIMARY KEY,
    available bigint NOT NULL CONSTRAINT ck_stock_available CHECK (available >= 0),
    reserved bigint NOT NULL CONSTRAINT ck_stock_reserved CHECK (reserved >= 0),
    version integer NOT NULL);

CREATE TABLE reservations (
    order_id uuid CONSTRAINT pk_reservations PRIMARY KEY,
    status varchar(20) NOT NULL,
    lines jsonb NOT NULL,
    version integer NOT NULL);
