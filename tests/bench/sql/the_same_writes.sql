-- One batch: its cases, items, deliveries, audit entries and receipts; then what the relay and the sealer write of it.
\set n :n + 1
\set first (:n - 1) * :size
\set last :n * :size
begin;
insert into cases (report_id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade, reasons,
                   receipt, opened_at, override)
    select report_id, reference, revision, reading, rulebook, assessed_at, event, danger_class, grade, reasons,
           receipt, opened_at, override from aside_cases where n > :first and n <= :last;
insert into queue_item (report_id, force, queues, danger_class, grade_order, target_at, opened_at, drill, fold, told_by,
                        sketch, waiting_since)
    select report_id, force, queues, danger_class, grade_order, target_at, opened_at, drill, fold, told_by, sketch,
           waiting_since from aside_item where n > :first and n <= :last;
update agency_counter set position = position + 1
    where agency_id in (select agency_id from aside_delivery where n > :first and n <= :last);
insert into delivery (agency_id, position, report_id, queue, kind, reason, ground, reference, received_at, body,
                      acknowledge_by, by_hand, delivered_at)
    select agency_id, position, report_id, queue, kind, reason, ground, reference, received_at, body, acknowledge_by,
           by_hand, delivered_at from aside_delivery where n > :first and n <= :last;
insert into audit_entry (id, at, who, action, report_id, why, detail)
    select id, at, who, action, report_id, why, detail from aside_audit where n > :first and n <= :last;
insert into outbox (id, report_id, event_id, revision, urgent, topic, key, headers, value)
    select id, report_id, event_id, revision, urgent, topic, key, headers, value
    from aside_outbox where n > :first and n <= :last;
commit;
update outbox set due_at = now() + interval '15 seconds' where id > :first and id <= :last;
delete from outbox where id > :first and id <= :last;
update audit_entry set position = aside.position, hash = aside.hash
    from aside_audit as aside where aside.id = audit_entry.id and aside.n > :first and aside.n <= :last;
