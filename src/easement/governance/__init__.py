"""The workflow: what is registered, reviewed, approved, live, and compiled into the enforced plan.

* An **applied** document is *registered*: a revision by content hash, an author, a time. It changes nothing that flows.
* An **approved** revision is *enforced*. Four eyes, the right roles; automatic where the risk is low and the setting
  allows. The revision approved before stays enforced while a newer one waits.
* An approved integration goes **live** by itself, unless its document says ``metadata.labels.hold: "true"`` or a
  finding blocks it: then it waits in ``build`` for ``easement lifecycle live``.
* Every act is a record, written to disk before the act is committed: no act without a record.
"""
