-- id: SM-N07
-- title: Root changes something in an AI service
-- meaning: Nothing in an AI service needs root.
-- severity: high
-- attack: T1078.004
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: none
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'root did ' || e.event_name || ' ' || e.resource_name AS why,
       e.source_ip
FROM events e
WHERE e.principal_kind = 'root' AND e.is_ai = 1 AND e.is_write = 1 AND e.invoked_by = ''
