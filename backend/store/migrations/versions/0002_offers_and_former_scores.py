"""What was offered to patients, and the scores that no longer stand. Only adds: releases before and after it can share it"""

from alembic import op
import sqlalchemy as sa

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('check_ins', sa.Column('offers', sa.JSON(), nullable=True))
    op.create_table('former_scores',
    sa.Column('patient_id', sa.Uuid(), nullable=False),
    sa.Column('check_in_id', sa.Uuid(), nullable=True),
    sa.Column('inbound_id', sa.Uuid(), nullable=False),
    sa.Column('measure', sa.String(length=8), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('replaced_by', sa.Uuid(), nullable=False),
    sa.Column('because', sa.String(length=16), nullable=False),
    sa.Column('clinic_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("because IN ('corrected', 'reordered')", name=op.f('ck_former_scores_because_known')),
    sa.CheckConstraint("measure IN ('mood', 'pain')", name=op.f('ck_former_scores_measure_known')),
    sa.CheckConstraint('value BETWEEN 0 AND 10', name=op.f('ck_former_scores_value_nrs')),
    sa.ForeignKeyConstraint(['clinic_id', 'patient_id'], ['patients.clinic_id', 'patients.id'], name=op.f('fk_former_scores_clinic_id_patient_id')),
    sa.PrimaryKeyConstraint('clinic_id', 'id', name=op.f('pk_former_scores'))
    )
    op.create_index('ix_former_scores_clinic_id_patient_id', 'former_scores', ['clinic_id', 'patient_id', 'replaced_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_former_scores_clinic_id_patient_id', table_name='former_scores')
    op.drop_table('former_scores')
    with op.batch_alter_table('check_ins', schema=None) as batch_op:
        batch_op.drop_column('offers')
