-- id: RR-05
-- title: Somebody of another account assumed a role
-- meaning: A role of this account was taken on from outside it for the first time.
-- severity: medium
-- attack: T1199
-- atlas: -
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: the accounts that the trust policy was written for, in the baseline
WITH f AS (
  SELECT principal_account, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_source = 'sts.amazonaws.com' AND event_name LIKE 'AssumeRole%' AND ok = 1 AND principal_account <> '' AND principal_account <> recipient_account
  GROUP BY principal_account, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'account ' || e.principal_account || ' assumed ' || e.resource_name AS why
FROM f
JOIN events e ON e.principal_account = f.principal_account AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.event_source = 'sts.amazonaws.com' AND e.event_name LIKE 'AssumeRole%' AND e.ok = 1 AND e.principal_account <> '' AND e.principal_account <> e.recipient_account
