-- id: SM-P16
-- title: SageMaker session hands work to another service
-- meaning: A session of a notebook or Studio starts code elsewhere: Glue, Step Functions, Lambda, CodeBuild,
--   Service Catalog; for the first time.
-- severity: high
-- attack: T1548.005 T1059.009
-- atlas: AML.T0012
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: SageMaker projects, in the baseline
WITH f AS (
  SELECT principal_key, event_name, MIN(ts) AS first_ts
  FROM events
  WHERE session_name = 'SageMaker' AND ok = 1 AND invoked_by = '' AND ((event_source = 'glue.amazonaws.com' AND event_name IN ('CreateJob', 'StartJobRun')) OR (event_source = 'states.amazonaws.com' AND event_name IN ('CreateStateMachine', 'StartExecution')) OR (event_source = 'lambda.amazonaws.com' AND event_name LIKE 'CreateFunction%') OR (event_source = 'codebuild.amazonaws.com' AND event_name = 'StartBuild') OR (event_source = 'servicecatalog.amazonaws.com' AND event_name = 'ProvisionProduct'))
  GROUP BY principal_key, event_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'a SageMaker session did ' || e.event_name || ' ' || e.resource_name AS why
FROM f
JOIN events e ON e.principal_key = f.principal_key AND e.event_name = f.event_name AND e.ts = f.first_ts
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split
  AND e.session_name = 'SageMaker' AND e.ok = 1 AND e.invoked_by = '' AND ((e.event_source = 'glue.amazonaws.com' AND e.event_name IN ('CreateJob', 'StartJobRun')) OR (e.event_source = 'states.amazonaws.com' AND e.event_name IN ('CreateStateMachine', 'StartExecution')) OR (e.event_source = 'lambda.amazonaws.com' AND e.event_name LIKE 'CreateFunction%') OR (e.event_source = 'codebuild.amazonaws.com' AND e.event_name = 'StartBuild') OR (e.event_source = 'servicecatalog.amazonaws.com' AND e.event_name = 'ProvisionProduct'))
