-- id: RR-04
-- title: The root user acted
-- meaning: Nothing limits the root user of an account; few tasks need it.
-- severity: high
-- attack: T1078.004
-- atlas: -
-- window: any
-- needs: management
-- look-alikes: what a service does in the name of root, such as a signed link of an old bucket; the few tasks
--   that only root can do
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'root did ' || e.event_name || ' from ' || e.source_ip AS why
FROM events e
WHERE e.principal_kind = 'root' AND e.event_type <> 'service_event' AND e.invoked_by = ''
