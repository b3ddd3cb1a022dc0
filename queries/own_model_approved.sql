-- id: SM-R03
-- title: Model version approved by the one who made it
-- meaning: Who registered a model version approved it too: nobody else looked. Only where the session is not
--   one that many share.
-- severity: medium
-- attack: T1677
-- atlas: AML.T0010.003
-- window: any
-- needs: management
-- look-alikes: teams of one; reviewers of the work of others; Studio, whose users look alike
WITH made AS (
  SELECT DISTINCT actor_key, SPLIT_PART(SPLIT_PART(response_json, '"modelPackageArn":"', 2), '"', 1) AS package
  FROM events
  WHERE event_source = 'sagemaker.amazonaws.com' AND event_name = 'CreateModelPackage' AND ok = 1
    AND (human_key <> '' OR session_name <> 'SageMaker')
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'approved ' || e.resource_name || ', which the same one made' AS why
FROM events e
JOIN made m ON m.actor_key = e.actor_key AND m.package = e.resource_name
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name = 'UpdateModelPackage' AND e.ok = 1 AND e.approval = 'Approved' AND e.invoked_by = ''
