"""Plans that move, how a patient stands, questionnaires, clinics' own protocols, and sleep as a score. Only adds and widens"""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def _measures(known: str) -> None:
    for table in ('scores', 'former_scores'):
        name = op.f(f'ck_{table}_measure_known')
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(name, type_='check')
            batch_op.create_check_constraint(name, known)


def upgrade() -> None:
    op.create_table('protocol_versions',
    sa.Column('clinic_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('overrides', sa.JSON(), nullable=False),
    sa.Column('note', sa.String(length=400), nullable=False),
    sa.Column('actor', sa.String(length=48), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['clinic_id'], ['clinics.clinic_id'], name=op.f('fk_protocol_versions_clinic_id')),
    sa.PrimaryKeyConstraint('clinic_id', 'id', name=op.f('pk_protocol_versions')),
    sa.UniqueConstraint('clinic_id', 'version', name=op.f('uq_protocol_versions_clinic_id_version'))
    )
    op.create_table('questionnaires',
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('item_9', sa.Integer(), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(length=48), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('clinic_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("kind IN ('phq2', 'phq9')", name=op.f('ck_questionnaires_kind_known')),
    sa.CheckConstraint('item_9 BETWEEN 0 AND 3', name=op.f('ck_questionnaires_item_9_in_range')),
    sa.CheckConstraint('total BETWEEN 0 AND 27', name=op.f('ck_questionnaires_total_in_range')),
    sa.ForeignKeyConstraint(['clinic_id', 'patient_id'], ['patients.clinic_id', 'patients.id'], name=op.f('fk_questionnaires_clinic_id_patient_id')),
    sa.PrimaryKeyConstraint('clinic_id', 'id', name=op.f('pk_questionnaires'))
    )
    with op.batch_alter_table('questionnaires', schema=None) as batch_op:
        batch_op.create_index('ix_questionnaires_clinic_id_patient_id', ['clinic_id', 'patient_id', 'taken_at'], unique=False)

    op.create_table('standing_events',
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('actor', sa.String(length=48), nullable=False),
    sa.Column('staff_id', sa.Uuid(), nullable=True),
    sa.Column('inbound_id', sa.Uuid(), nullable=True),
    sa.Column('evidence', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('clinic_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['clinic_id', 'patient_id'], ['patients.clinic_id', 'patients.id'], name=op.f('fk_standing_events_clinic_id_patient_id')),
    sa.PrimaryKeyConstraint('clinic_id', 'id', name=op.f('pk_standing_events'))
    )
    with op.batch_alter_table('standing_events', schema=None) as batch_op:
        batch_op.create_index('ix_standing_events_clinic_id_patient_id', ['clinic_id', 'patient_id', 'at'], unique=False)

    with op.batch_alter_table('check_ins', schema=None) as batch_op:
        batch_op.add_column(sa.Column('timezone', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('moved_because', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('bladder', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('energy', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('unreadable', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_index('ix_check_ins_unreminded', ['prompted_at'], unique=False, sqlite_where=sa.text('prompted_at IS NOT NULL AND answered_at IS NULL AND missed_at IS NULL AND reminded_at IS NULL'), postgresql_where=sa.text('prompted_at IS NOT NULL AND answered_at IS NULL AND missed_at IS NULL AND reminded_at IS NULL'))

    with op.batch_alter_table('clinics', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mode', sa.String(length=1), sa.CheckConstraint("mode IN ('A', 'B')", name=op.f('ck_clinics_mode_known')), server_default='A', nullable=False))
        batch_op.add_column(sa.Column('staffed_hours', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('region', sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column('closed_days', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('minors_policy', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('protocol_overrides', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('protocol_version', sa.Integer(), server_default='0', nullable=False))

    with op.batch_alter_table('patients', schema=None) as batch_op:
        batch_op.add_column(sa.Column('given_mood', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('given_pain', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('born_on', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('window_opens', sa.Time(), nullable=True))
        batch_op.add_column(sa.Column('window_closes', sa.Time(), nullable=True))
        batch_op.add_column(sa.Column('deceased_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('quarantined_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('carrier_blocked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('pending_phone', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('pending_phone_digest', sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column('pending_phone_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('released_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('hold_ended_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('agreed_by', sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column('planned_under', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_index('ix_patients_clinic_id_planned_under', ['clinic_id', 'planned_under'], unique=False)
        batch_op.create_index('ix_patients_clinic_id_pending_phone_digest', ['clinic_id', 'pending_phone_digest'], unique=False)

    with op.batch_alter_table('treatments', schema=None) as batch_op:
        batch_op.add_column(sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('deleted_because', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('former', sa.JSON(), nullable=True))

    _measures("measure IN ('mood', 'pain', 'sleep')")


def downgrade() -> None:
    op.execute("DELETE FROM scores WHERE measure = 'sleep'")
    op.execute("DELETE FROM former_scores WHERE measure = 'sleep'")
    _measures("measure IN ('mood', 'pain')")
    with op.batch_alter_table('treatments', schema=None) as batch_op:
        batch_op.drop_column('former')
        batch_op.drop_column('deleted_because')
        batch_op.drop_column('deleted_at')

    with op.batch_alter_table('patients', schema=None) as batch_op:
        batch_op.drop_index('ix_patients_clinic_id_pending_phone_digest')
        batch_op.drop_index('ix_patients_clinic_id_planned_under')
        batch_op.drop_column('planned_under')
        batch_op.drop_column('agreed_by')
        batch_op.drop_column('given_pain')
        batch_op.drop_column('given_mood')
        batch_op.drop_column('hold_ended_at')
        batch_op.drop_column('released_at')
        batch_op.drop_column('pending_phone_at')
        batch_op.drop_column('pending_phone_digest')
        batch_op.drop_column('pending_phone')
        batch_op.drop_column('carrier_blocked_at')
        batch_op.drop_column('quarantined_at')
        batch_op.drop_column('deceased_at')
        batch_op.drop_column('window_closes')
        batch_op.drop_column('window_opens')
        batch_op.drop_column('born_on')

    with op.batch_alter_table('clinics', schema=None) as batch_op:
        batch_op.drop_column('protocol_version')
        batch_op.drop_column('protocol_overrides')
        batch_op.drop_column('minors_policy')
        batch_op.drop_column('closed_days')
        batch_op.drop_column('region')
        batch_op.drop_column('staffed_hours')
        batch_op.drop_constraint(op.f('ck_clinics_mode_known'), type_='check')
        batch_op.drop_column('mode')

    with op.batch_alter_table('check_ins', schema=None) as batch_op:
        batch_op.drop_index('ix_check_ins_unreminded', sqlite_where=sa.text('prompted_at IS NOT NULL AND answered_at IS NULL AND missed_at IS NULL AND reminded_at IS NULL'), postgresql_where=sa.text('prompted_at IS NOT NULL AND answered_at IS NULL AND missed_at IS NULL AND reminded_at IS NULL'))
        batch_op.drop_column('unreadable')
        batch_op.drop_column('energy')
        batch_op.drop_column('bladder')
        batch_op.drop_column('reminded_at')
        batch_op.drop_column('moved_because')
        batch_op.drop_column('timezone')

    with op.batch_alter_table('standing_events', schema=None) as batch_op:
        batch_op.drop_index('ix_standing_events_clinic_id_patient_id')

    op.drop_table('standing_events')
    with op.batch_alter_table('questionnaires', schema=None) as batch_op:
        batch_op.drop_index('ix_questionnaires_clinic_id_patient_id')

    op.drop_table('questionnaires')
    op.drop_table('protocol_versions')
