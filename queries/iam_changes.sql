-- id: RR-06
-- title: Who changed permissions
-- meaning: Every successful call that creates, changes or hands out permissions, users, roles or keys.
-- severity: info
-- attack: T1098
-- atlas: -
-- window: any
-- needs: management
-- look-alikes: infrastructure as code; the column is_iac tells
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why,
       e.is_iac, e.source_ip
FROM events e
WHERE e.event_source = 'iam.amazonaws.com' AND e.ok = 1 AND e.is_write = 1
