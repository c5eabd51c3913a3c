-- The berths, who has booked them, and what has changed.

create table berths (
    id integer primary key generated always as identity,
    number integer not null unique,
    quay text not null,
    length double precision not null check (length > 0),
    depth double precision not null check (depth > 0)
);

create table ships (
    id bigint primary key generated always as identity,
    name text not null unique check (name <> ''),
    length double precision not null check (length > 0)
);

create table bookings (
    id bigint primary key generated always as identity,
    -- Chosen by the client: the same request sent twice is one booking.
    key text not null unique,
    berth integer not null references berths,
    ship bigint not null references ships,
    draught double precision not null check (draught > 0),
    arrives timestamptz not null,
    departs timestamptz not null,
    state text not null default 'booked' check (state in ('booked', 'cancelled')),
    stay tstzrange not null generated always as (tstzrange(arrives, departs, '[)')) stored,
    check (arrives < departs),
    -- The truth about who lies where, whatever program writes here. A berth is a range of one
    -- number, since an index of ranges knows no plain numbers without an extension.
    constraint one_ship_a_berth exclude using gist (
        int4range(berth, berth, '[]') with &&,
        stay with &&
    ) where (state = 'booked')
);

create index bookings_by_departure on bookings (departs) where state = 'booked';

-- Bookings as they are shown.
create view entries as
    select b.id, b.key, b.berth, s.name as ship, s.length, b.draught, b.arrives, b.departs, b.state,
           b.stay
    from bookings b join ships s on s.id = b.ship;

-- One row. Who changes bookings counts the revision up at the end of the transaction, and so the
-- changes are numbered without a gap in the order of their commits.
create table harbour (
    one boolean primary key default true check (one),
    -- Tells harbours apart that share a Redis.
    id uuid not null default gen_random_uuid(),
    revision bigint not null default 0
);

create table changes (
    revision bigint primary key,
    kind text not null check (kind in ('booked', 'cancelled')),
    booking bigint not null references bookings,
    at timestamptz not null default now()
);

insert into harbour default values;

insert into berths (number, quay, length, depth) values
    (1, 'Fish Quay', 40, 4.5),
    (2, 'Fish Quay', 40, 4.5),
    (3, 'Fish Quay', 60, 5.0),
    (4, 'Old Quay', 90, 6.5),
    (5, 'Old Quay', 120, 7.0),
    (6, 'Old Quay', 120, 7.0),
    (7, 'Trade Quay', 180, 10.5),
    (8, 'Trade Quay', 220, 12.0),
    (9, 'Trade Quay', 220, 12.0),
    (10, 'Deep Quay', 300, 15.5),
    (11, 'Deep Quay', 350, 16.5),
    (12, 'Deep Quay', 400, 18.0);
