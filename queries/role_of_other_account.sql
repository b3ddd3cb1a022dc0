-- id: SM-P06
-- title: Role of another account handed over
-- meaning: The request names a role of another account. SageMaker refuses most of these: the attempt is the
--   signal.
-- severity: high
-- attack: T1199
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: roles of the own account or the caller's; access roles of partners that other services take
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' with ' || r.value || ' (' || e.outcome || ')' AS why,
       r.value AS role, r.path AS path, e.outcome
FROM events e
JOIN refs r ON r.event_key = e.event_key
WHERE r.kind = 'passed_role' AND r.external = 1 AND e.is_ai = 1 AND r.account <> e.principal_account
