-- id: SM-N03
-- title: Execution role used by hand
-- meaning: A role whose sessions are called SageMaker was used under another session name, for the first time.
-- severity: medium
-- attack: T1550.001 T1078.004
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: developers who may assume it, in the baseline; roles that SageMaker does not use
WITH r AS (
  SELECT DISTINCT principal_key FROM events WHERE session_name = 'SageMaker'
), f AS (
  SELECT e.principal_key, e.session_name, MIN(e.ts) AS first_ts
  FROM events e JOIN r ON r.principal_key = e.principal_key
  WHERE e.session_name <> 'SageMaker' AND e.session_name <> '' AND e.invoked_by = ''
  GROUP BY e.principal_key, e.session_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the role ' || e.principal_name || ' was used by the session ' || e.session_name AS why,
       e.session_name, e.source_ip
FROM f
JOIN events e ON e.principal_key = f.principal_key AND e.session_name = f.session_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.session_name <> 'SageMaker' AND e.session_name <> '' AND e.invoked_by = ''
