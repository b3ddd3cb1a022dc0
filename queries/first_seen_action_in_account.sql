-- id: SM-B02 SM-L11
-- title: AI service changed in a way new for the account
-- meaning: Nobody of the account ever did this in an AI service.
-- severity: medium
-- attack: T1059.009
-- atlas: AML.T0012
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- general: yes
-- look-alikes: a feature that is taken up
WITH f AS (
  SELECT recipient_account, event_source, event_name, MIN(ts) AS first_ts
  FROM events
  WHERE is_ai = 1 AND is_write = 1 AND ok = 1 AND invoked_by = ''
  GROUP BY recipient_account, event_source, event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'nobody did ' || e.event_name || ' before' AS why,
       e.event_source, e.event_name, e.resource_name
FROM f
JOIN events e ON e.recipient_account = f.recipient_account AND e.event_source = f.event_source AND e.event_name = f.event_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.is_ai = 1 AND e.is_write = 1 AND e.ok = 1 AND e.invoked_by = ''
