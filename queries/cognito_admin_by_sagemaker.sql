-- id: SM-A14
-- title: SageMaker session administers Cognito users
-- meaning: A session of a notebook or Studio makes or changes users of Cognito: the sign-in of a private
--   labelling workforce.
-- severity: high
-- attack: T1136.003 T1098
-- atlas: AML.T0012
-- window: any
-- needs: management
-- look-alikes: setting up a workforce from a notebook, once
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'a SageMaker session did ' || e.event_name AS why,
       e.source_ip
FROM events e
WHERE e.event_source = 'cognito-idp.amazonaws.com' AND e.event_name LIKE 'Admin%' AND e.session_name = 'SageMaker' AND e.ok = 1
