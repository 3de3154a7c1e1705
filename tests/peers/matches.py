"""Who matches, by DuckDB: matches.py cdnow|journey DATA CASES writes `rule,customer_id`, sorted.

Reads the shop's own files and the `sql` lines of CASES; knows nothing of cvmd.
"""

import sys

import duckdb

shop, data, cases = sys.argv[1:]
base = duckdb.connect()

if shop == "cdnow":
    now = "timestamp '1998-01-01 00:00:00'"
    base.execute(
        f"""
        create table orders as
          select customer_id::varchar as customer, date::timestamp as time,
                 amount::decimal(18, 4) as total, n_cds::decimal(18, 4) as quantity
          from read_csv('{data}/cdnow_sample_transactions.csv.gz', all_varchar = true);
        create table customers as select distinct customer from orders;
        """
    )
    source = "customers c"
else:
    # 15:30 in New York, after the clocks went back.
    now = "timestamp '2017-11-08 20:30:00'"
    base.execute(
        f"""
        create table lines as
          select household_id as customer, basket_id, transaction_timestamp::timestamp as wall,
                 timezone('UTC', timezone('America/New_York', wall)) as time,
                 sales_value::decimal(18, 4) as total, quantity::decimal(18, 4) as quantity,
                 product_id, store_id
          from read_csv('{data}/cj_transactions_sample.csv.gz', all_varchar = true);
        create table orders as
          select customer, wall, time, sum(total) as total, sum(quantity) as quantity,
                 list(product_id) as products, list(store_id) as stores
          from lines group by customer, basket_id, wall, time;
        create table demographics as
          select household_id as customer, age, income, kids_count
          from read_csv('{data}/cj_demographics.csv.gz', all_varchar = true);
        create table customers as
          select customer from orders union select customer from demographics;
        """
    )
    source = "customers c left join demographics d on d.customer = c.customer"

conditions = [line[3:].strip() for line in open(cases) if line.startswith("sql")]
rows = []
for number, condition in enumerate(conditions, 1):
    grouped = "c.customer" if shop == "cdnow" else "c.customer, d.age, d.income, d.kids_count"
    found = base.execute(
        f"""
        with seen as (select {now} as now)
        select c.customer from {source}
        cross join seen left join orders o on o.customer = c.customer and o.time <= now
        group by {grouped}, now having {condition}
        """
    ).fetchall()
    rows += [f"r{number:02},{customer}" for (customer,) in found]
print("rule,customer_id", *sorted(rows), sep="\n")
