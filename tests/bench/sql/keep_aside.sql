-- What the worker wrote, kept aside in its order, and the tables empty again.
alter table audit_entry disable trigger audit_table_stays;
create table aside_cases as select row_number() over (order by opened_at, report_id) as n, * from cases;
create unlogged table aside_order as select n, report_id from aside_cases;
create table aside_item as select n, queue_item.* from queue_item join aside_order using (report_id);
create table aside_delivery as select n, delivery.* from delivery join aside_order using (report_id);
create table aside_audit as select n, audit_entry.* from audit_entry join aside_order using (report_id);
create table aside_outbox as
    select n, n as id, report_id, report_id as event_id, revision, false as urgent, 'reports.routed' as topic,
           convert_to(report_id::text, 'UTF8') as key,
           jsonb_build_object('ce_id', report_id, 'ce_source', '/escalation', 'ce_specversion', '1.0', 'ce_type',
               'heard.report.routed.v1', 'ce_subject', report_id, 'ce_time', opened_at, 'ce_dataschema',
               'urn:heard:schema:heard.report.routed.v1', 'ce_traceparent', repeat('0', 55), 'content-type',
               'application/json') as headers, receipt as value
    from aside_cases;
create index on aside_cases (n);
create index on aside_item (n);
create index on aside_delivery (n);
create index on aside_audit (n);
create index on aside_outbox (n);
truncate cases, queue_item, delivery, audit_entry, outbox, case_review, case_review_report, alert, note, overridden,
    case_link, case_review_action, case_review_agency;
alter table audit_entry enable trigger audit_table_stays;
analyze;
