-- id: SM-G10
-- title: Mining software in a request
-- meaning: An image, script or argument of an AI service names software that mines.
-- severity: high
-- attack: T1496.001
-- atlas: AML.T0034
-- window: any
-- needs: management
-- look-alikes: none known
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name || ' names mining software' AS why,
       e.script_flags
FROM events e
LEFT JOIN (SELECT event_key, value FROM refs WHERE kind = 'image') r ON r.event_key = e.event_key
WHERE e.is_ai = 1 AND (e.script_flags LIKE '%,miner,%' OR r.value LIKE '%xmrig%' OR r.value LIKE '%nicehash%' OR r.value LIKE '%ethminer%')
